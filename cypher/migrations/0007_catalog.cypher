// Events by name, the latest of each, however many others there are.

CREATE INDEX event_name_at IF NOT EXISTS FOR (e:Event) ON (e.name, e.at);
