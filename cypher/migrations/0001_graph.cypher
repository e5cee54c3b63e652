// The graph's constraints and indexes.
//
// Live customers carry the label Customer, those that were merged away the
// label MergedCustomer, so that counting and listing customers needs no filter.
// Events are found by subject (the key of the identifier that they hang on).

CREATE CONSTRAINT customer_id IF NOT EXISTS FOR (c:Customer) REQUIRE c.id IS UNIQUE;
CREATE CONSTRAINT merged_customer_id IF NOT EXISTS FOR (c:MergedCustomer) REQUIRE c.id IS UNIQUE;
CREATE CONSTRAINT identifier_key IF NOT EXISTS FOR (i:Identifier) REQUIRE i.key IS UNIQUE;
CREATE CONSTRAINT identifier_id IF NOT EXISTS FOR (i:Identifier) REQUIRE i.id IS UNIQUE;
CREATE CONSTRAINT event_id IF NOT EXISTS FOR (e:Event) REQUIRE e.id IS UNIQUE;
CREATE CONSTRAINT statement_id IF NOT EXISTS FOR (m:Statement) REQUIRE m.id IS UNIQUE;
CREATE CONSTRAINT rejected_id IF NOT EXISTS FOR (r:Rejected) REQUIRE r.id IS UNIQUE;
CREATE CONSTRAINT segment_id IF NOT EXISTS FOR (s:Segment) REQUIRE s.id IS UNIQUE;
CREATE CONSTRAINT segment_key IF NOT EXISTS FOR (s:Segment) REQUIRE s.key IS UNIQUE;
CREATE INDEX event_subject_at IF NOT EXISTS FOR (e:Event) ON (e.subject, e.at);
CREATE INDEX event_subject_name_at IF NOT EXISTS FOR (e:Event) ON (e.subject, e.name, e.at);
CREATE INDEX customer_created IF NOT EXISTS FOR (c:Customer) ON (c.createdAt, c.id);
CREATE INDEX customer_seen IF NOT EXISTS FOR (c:Customer) ON (c.lastSeen, c.id);
CREATE FULLTEXT INDEX identifier_text IF NOT EXISTS FOR (i:Email|Phone|User) ON EACH [i.value];
CREATE FULLTEXT INDEX customer_text IF NOT EXISTS FOR (c:Customer) ON EACH [c.searchText];
