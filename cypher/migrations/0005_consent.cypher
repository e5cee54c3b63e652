// Decisions on consent: one for each identifier and purpose, and the purposes that there are.

CREATE CONSTRAINT consent_key IF NOT EXISTS FOR (k:Consent) REQUIRE k.key IS UNIQUE;
CREATE INDEX consent_purpose IF NOT EXISTS FOR (k:Consent) ON (k.purpose);
