// Locks the identifiers of a batch that are known, and reads those that the recorder does not remember.
//
// Removing a property takes the node's write lock, whether or not it is there;
// the rows come in key order, so that writers do not deadlock. What is asked for
// each message is answered as lists, not maps: names cost more than values.
//
// Parameters
//   batch  MAP{keys: LIST<LIST<ANY>>}  a key and whether it is read, ascending; why a map, and planned once:
//          `record/write_batch`
// Columns, one row
//   version  INTEGER           of the rules in force; null before there are any
//   rows     LIST<LIST<ANY>>   one for each identifier that is read and known:
//            key, id, owner    STRING        owner: id of its customer, null when nobody has it
//            firstSeen, lastSeen, firstEventAt, lastEventAt  STRING  times; null without events
//            sources           LIST<STRING>
//            traits            STRING        JSON, null without traits
//            node, ownerNode   STRING        element ids, of it and of the owner, good while they are there
// Found by its label: a look by its name locks the entry of the index, and a missing one for one writer alone.
CYPHER replan=skip
OPTIONAL MATCH (force:RulesInForce)
CALL () {
  UNWIND $batch.keys AS row
  MATCH (i:Identifier {key: row[0]})
  REMOVE i.lock
  WITH i, row
  // Asked of the node, now that it is locked: whoever held it before may have erased it.
  WHERE row[1] AND 'Identifier' IN labels(i)
  OPTIONAL MATCH (i)-[:IDENTIFIES]->(c:Customer)
  // Its values in one walk over what it holds, not in one each.
  WITH i.key AS key, c.id AS owner, elementId(i) AS node, elementId(c) AS ownerNode,
       i {.id, .firstSeen, .lastSeen, .firstEventAt, .lastEventAt, .sources, .traits} AS held
  RETURN collect([
    key, held.id, owner,
    toString(held.firstSeen), toString(held.lastSeen), toString(held.firstEventAt), toString(held.lastEventAt),
    held.sources, held.traits, node, ownerNode
  ]) AS rows
}
RETURN force.version AS version, rows
