// The log of merges and splits, refused evidence, versions of the rules, jobs, erased keys.
//
// Merges and splits are found by the customers they concern, refused evidence
// by the pair and by each end. Partial marks messages of which claims were left
// out that other rules may take.

CREATE CONSTRAINT merge_id IF NOT EXISTS FOR (m:Merge) REQUIRE m.id IS UNIQUE;
CREATE INDEX merge_survivor IF NOT EXISTS FOR (m:Merge) ON (m.survivor);
CREATE INDEX merge_absorbed IF NOT EXISTS FOR (m:Merge) ON (m.absorbed);
CREATE CONSTRAINT split_id IF NOT EXISTS FOR (s:Split) REQUIRE s.id IS UNIQUE;
CREATE INDEX split_customer IF NOT EXISTS FOR (s:Split) ON (s.customer);
CREATE INDEX split_part IF NOT EXISTS FOR (s:Split) ON (s.part);
CREATE CONSTRAINT conflict_id IF NOT EXISTS FOR (c:Conflict) REQUIRE c.id IS UNIQUE;
CREATE CONSTRAINT conflict_pair IF NOT EXISTS FOR (c:Conflict) REQUIRE c.pair IS UNIQUE;
CREATE INDEX conflict_one IF NOT EXISTS FOR (c:Conflict) ON (c.one);
CREATE INDEX conflict_other IF NOT EXISTS FOR (c:Conflict) ON (c.other);
CREATE INDEX conflict_status IF NOT EXISTS FOR (c:Conflict) ON (c.status, c.id);
CREATE INDEX partial_id IF NOT EXISTS FOR (p:Partial) ON (p.id);
CREATE CONSTRAINT rule_set_version IF NOT EXISTS FOR (r:RuleSet) REQUIRE r.version IS UNIQUE;
CREATE CONSTRAINT rules_in_force_name IF NOT EXISTS FOR (r:RulesInForce) REQUIRE r.name IS UNIQUE;
CREATE CONSTRAINT job_id IF NOT EXISTS FOR (j:Job) REQUIRE j.id IS UNIQUE;
CREATE CONSTRAINT suppressed_hash IF NOT EXISTS FOR (s:Suppressed) REQUIRE s.hash IS UNIQUE;
CREATE INDEX statement_subject IF NOT EXISTS FOR (m:Statement) ON (m.subject);
CREATE INDEX past_id IF NOT EXISTS FOR (p:PastId) ON (p.id);
