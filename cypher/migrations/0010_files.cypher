// What is kept of refused messages, each once however often it is sent, and how far imports of files have come.

CREATE CONSTRAINT rejected_hash IF NOT EXISTS FOR (r:Rejected) REQUIRE r.hash IS UNIQUE;
CREATE CONSTRAINT import_key IF NOT EXISTS FOR (i:Import) REQUIRE i.key IS UNIQUE;
