CALL () {
  UNWIND $ids_0 AS one
  OPTIONAL CALL (one) {
    MATCH (c:Customer {id: one})
    CALL (c) {
      RETURN COLLECT { MATCH (c)<-[:MERGED_INTO*1..]-(m:MergedCustomer) RETURN m.id ORDER BY m.id } AS f4
    }
    RETURN [0, [c.id, toString(c.firstSeen), f4]] AS f0_0 LIMIT 1
  }
  OPTIONAL CALL (one) {
    MATCH (m:MergedCustomer {id: one})-[merged:MERGED_INTO]->()
    WHERE EXISTS { (m)-[:MERGED_INTO*1..]->(:Customer) }
    OPTIONAL CALL (m, merged) {
      MATCH (m)-[:MERGED_INTO*1..]->(c:Customer)
      RETURN [c.id] AS f8 LIMIT 1
    }
    RETURN [1, [m.id, toString(merged.at), f8]] AS f0_1 LIMIT 1
  }
  OPTIONAL CALL (one) {
    MATCH (i:Identifier {id: 'idn_' + substring(one, 4)}) WHERE one STARTS WITH 'dev_' AND i.kind = 'device'
    RETURN [2, ['dev_' + substring(i.id, 4), i.value, toString(i.lastSeen)]] AS f0_2 LIMIT 1
  }
  OPTIONAL CALL (one) {
    MATCH (e:Event {id: substring(one, 4)}) WHERE one STARTS WITH 'evt_'
    OPTIONAL CALL (e) {
      MATCH (:Identifier {key: e.subject})-[:IDENTIFIES]->(c:Customer)
      RETURN [c.id] AS f13 LIMIT 1
    }
    CALL (e) {
      UNWIND e.identifiers AS key MATCH (i:Identifier {key: key})
      RETURN collect([i.kind, i.value]) AS f15
    }
    RETURN [3, ['evt_' + e.id, e.name, f13, f15]] AS f0_3 LIMIT 1
  }
  RETURN collect([coalesce(f0_0, f0_1, f0_2, f0_3)]) AS f0
}
RETURN [f0] AS answer
