// The feed: changes of customers, numbered without gaps.
//
// Feed is the counter, one node, made with the first change. A ChangePage holds
// the changes of one transaction as JSON, numbered first..last; pages follow each
// other without gaps, so that `last` alone finds and orders them.

CREATE CONSTRAINT feed_name IF NOT EXISTS FOR (f:Feed) REQUIRE f.name IS UNIQUE;
CREATE CONSTRAINT change_page_last IF NOT EXISTS FOR (p:ChangePage) REQUIRE p.last IS UNIQUE;
