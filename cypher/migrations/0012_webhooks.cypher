// Where changes go: destinations, with what became of single changes at webhooks.
//
// A Destination keeps how far it has got in the feed. A Delivery is one change at one
// webhook, by number, never its content.

CREATE CONSTRAINT destination_id IF NOT EXISTS FOR (d:Destination) REQUIRE d.id IS UNIQUE;
CREATE CONSTRAINT delivery_id IF NOT EXISTS FOR (d:Delivery) REQUIRE d.id IS UNIQUE;
CREATE INDEX delivery_seq IF NOT EXISTS FOR (d:Delivery) ON (d.destination, d.seq);
CREATE INDEX delivery_status IF NOT EXISTS FOR (d:Delivery) ON (d.destination, d.status, d.seq);
