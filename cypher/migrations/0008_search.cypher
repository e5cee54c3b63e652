// Search without regard to accents: whoever types nguyen or muller finds Nguyễn and Müller too.
//
// The indexes of 0001 again, with another analyzer.

DROP INDEX identifier_text IF EXISTS;
DROP INDEX customer_text IF EXISTS;
CREATE FULLTEXT INDEX identifier_text IF NOT EXISTS FOR (i:Email|Phone|User) ON EACH [i.value]
OPTIONS {indexConfig: {`fulltext.analyzer`: 'standard-folding'}};
CREATE FULLTEXT INDEX customer_text IF NOT EXISTS FOR (c:Customer) ON EACH [c.searchText]
OPTIONS {indexConfig: {`fulltext.analyzer`: 'standard-folding'}};
