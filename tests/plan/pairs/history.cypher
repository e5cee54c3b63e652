OPTIONAL CALL () {
  CALL (*) {
    MATCH (c:Customer {id: $id_0})
    RETURN c
    UNION
    MATCH (:MergedCustomer {id: $id_0})-[:MERGED_INTO*1..]->(c:Customer)
    RETURN c
  }
  WITH c
  CALL (c) {
    CALL (c) {
      MATCH (c)<-[:MERGED_INTO*0..]-(was)
      MATCH (h:Merge {survivor: was.id})
      RETURN h
      UNION
      MATCH (c)<-[:MERGED_INTO*0..]-(was)
      MATCH (h:Merge {absorbed: was.id})
      RETURN h
      UNION
      MATCH (c)<-[:MERGED_INTO*0..]-(was)
      MATCH (h:Split {customer: was.id})
      RETURN h
      UNION
      MATCH (c)<-[:MERGED_INTO*0..]-(was)
      MATCH (h:Split {part: was.id})
      RETURN h
      UNION
      MATCH (c)<-[:IDENTIFIES]-(i:Identifier)
      CALL (i) {
        MATCH (h:Conflict {one: i.key})
        RETURN h
        UNION
        MATCH (h:Conflict {other: i.key})
        RETURN h
      }
      RETURN h
    }
    WITH coalesce(h.at, datetime({epochMillis: reduce(t = 0, n IN range(4, 13) |
      t * 32 + size(split('0123456789abcdefghjkmnpqrstvwxyz', substring(h.id, n, 1))[0]))})) AS at, h.id AS one
    WITH at, one ORDER BY at DESC, one DESC LIMIT $limit_1
    OPTIONAL CALL (one) {
      MATCH (h:Merge {id: one})
      OPTIONAL CALL (h) {
        MATCH (e:Event {id: h.message})
        RETURN [e.name] AS f6 LIMIT 1
      }
      OPTIONAL CALL (h) {
        CALL (h) {
          MATCH (c:Customer {id: h.survivor})
          RETURN c
          UNION
          MATCH (:MergedCustomer {id: h.survivor})-[:MERGED_INTO*1..]->(c:Customer)
          RETURN c
        }
        WITH c
        RETURN [c.id] AS f8 LIMIT 1
      }
      CALL (h) {
        CALL (h) {
          MATCH (message:Event|Statement {id: h.message})
          MATCH (near:Identifier {key: message.subject})-[l:LINKED {event: h.message}]-(far:Identifier)
          WHERE EXISTS { (near)-[:IDENTIFIED {merge: h.id}]->() } <> EXISTS { (far)-[:IDENTIFIED {merge: h.id}]->() }
          RETURN l
          UNION
          MATCH (:Customer|MergedCustomer {id: h.absorbed})<-[:IDENTIFIED {merge: h.id}]-(near:Identifier)
          MATCH (near)-[l:LINKED]-(far:Identifier)
          WHERE h.message IS NULL AND l.id STARTS WITH 'lnk_' + substring(h.id, 4, 10)
            AND NOT EXISTS { (far)-[:IDENTIFIED {merge: h.id}]->() }
            AND EXISTS {
              MATCH (near)-[one:IDENTIFIES|IDENTIFIED]->()<-[other:IDENTIFIES|IDENTIFIED]-(far)
              WHERE one.since <= h.at AND (one.until IS NULL OR one.until > h.at)
                AND other.since <= h.at AND (other.until IS NULL OR other.until > h.at)
            }
          RETURN l
        }
        WITH l ORDER BY l.firstSeen, l.id
        RETURN collect([l.id]) AS f10
      }
      RETURN [0, [toString(coalesce(h.at, datetime({epochMillis: reduce(t = 0, n IN range(4, 13) |
        t * 32 + size(split('0123456789abcdefghjkmnpqrstvwxyz', substring(h.id, n, 1))[0]))}))), coalesce(h.cause, CASE WHEN h.code IN ['BLOCKED', 'RULES'] THEN 'RULES' ELSE 'EVIDENCE' END), f6, f8, f10]] AS f2_0 LIMIT 1
    }
    OPTIONAL CALL (one) {
      MATCH (h:Split {id: one})
      OPTIONAL CALL (h) {
        MATCH (e:Event {id: h.message})
        RETURN [e.name] AS f22 LIMIT 1
      }
      OPTIONAL CALL (h) {
        CALL (h) {
          MATCH (c:Customer {id: h.part})
          RETURN c
          UNION
          MATCH (:MergedCustomer {id: h.part})-[:MERGED_INTO*1..]->(c:Customer)
          RETURN c
        }
        WITH c
        RETURN [c.id] AS f24 LIMIT 1
      }
      CALL (h) {
        UNWIND h.identifiers[..500] AS key MATCH (i:Identifier {key: key})
        RETURN collect([i.kind]) AS f26
      }
      CALL (h) {
        WITH h.merge AS one
        OPTIONAL CALL (one) {
          MATCH (h:Merge {id: one})
          RETURN [toString(h.undoneAt)] AS f28_0 LIMIT 1
        }
        RETURN f28_0 AS f28
      }
      RETURN [1, [toString(coalesce(h.at, datetime({epochMillis: reduce(t = 0, n IN range(4, 13) |
        t * 32 + size(split('0123456789abcdefghjkmnpqrstvwxyz', substring(h.id, n, 1))[0]))}))), coalesce(h.cause, CASE WHEN h.code IN ['BLOCKED', 'RULES'] THEN 'RULES' ELSE 'EVIDENCE' END), f22, f24, f26, f28]] AS f2_1 LIMIT 1
    }
    OPTIONAL CALL (one) {
      MATCH (h:Conflict {id: one})
      OPTIONAL CALL (h) {
        MATCH (e:Event {id: h.message})
        RETURN [e.name] AS f15 LIMIT 1
      }
      RETURN [2, [toString(coalesce(h.at, datetime({epochMillis: reduce(t = 0, n IN range(4, 13) |
        t * 32 + size(split('0123456789abcdefghjkmnpqrstvwxyz', substring(h.id, n, 1))[0]))}))), coalesce(h.cause, CASE WHEN h.code IN ['BLOCKED', 'RULES'] THEN 'RULES' ELSE 'EVIDENCE' END), f15, h.status, h.count]] AS f2_2 LIMIT 1
    }
    WITH collect([coalesce(f2_0, f2_1, f2_2)]) AS page
    RETURN [page] AS f1
  }
  CALL (c) {
    MATCH (c)<-[:MERGED_INTO*0..]-(was)
    MATCH (h:Merge {survivor: was.id})
    WITH h ORDER BY h.at, h.id LIMIT $limit_30
    WITH *, h {.at, .id, .absorbed} AS stored
    WITH reverse(collect([[toString(stored.at), stored.id], [stored.absorbed]])) AS page
    RETURN [page] AS f30
  }
  CALL (c) {
    MATCH (c)<-[:IDENTIFIES]-(i:Identifier)
    CALL (i) {
      MATCH (h:Conflict {one: i.key})
      RETURN h
      UNION
      MATCH (h:Conflict {other: i.key})
      RETURN h
    }
    WITH DISTINCT h
    WHERE h.status IN $statuses_35 AND CASE WHEN $code_35 IS NULL THEN h.status <> 'OPEN' OR h.code <> 'BLOCKED' ELSE h.code = $code_35 END
    WITH h ORDER BY h.id DESC LIMIT $limit_35
    WITH collect([h.id]) AS page
    RETURN [page] AS f35
  }
  CALL (c) {
    MATCH (c)<-[:IDENTIFIES]-(i:Device)
    WITH i ORDER BY i.lastSeen DESC, i.id DESC LIMIT $limit_38
    CALL (i) {
      CALL (i) {
        RETURN i.key AS subject, i.lastEventAt AS near
        UNION ALL
        MATCH (i)-[l:LINKED]-(other:Identifier)
        WITH other.key AS subject, max(l.lastSeen) AS near ORDER BY near DESC LIMIT 10
        RETURN subject, near
      }
      WITH i.key AS carried, subject, near
      WHERE near IS NOT NULL
      CALL (carried, subject, near) {
        MATCH (e:Event)
        WHERE e.subject = subject AND e.at <= near
        WITH e ORDER BY e.subject DESC, e.at DESC LIMIT 20
        WITH e WHERE carried IN e.identifiers AND e.context <> '{}'
        RETURN e LIMIT 10
      }
      WITH e ORDER BY e.at DESC, e.id DESC LIMIT 10
      RETURN collect(e.context) AS contexts40
    }
    WITH collect([contexts40, contexts40]) AS page
    RETURN [page] AS f38
  }
  RETURN [f1, f30, f35, f38] AS f0 LIMIT 1
}
RETURN [f0] AS answer
