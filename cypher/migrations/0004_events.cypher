// Events of all customers in the order of time, and evidence by its id.

CREATE INDEX event_at IF NOT EXISTS FOR (e:Event) ON (e.at, e.id);
CREATE INDEX linked_id IF NOT EXISTS FOR ()-[l:LINKED]-() ON (l.id);
