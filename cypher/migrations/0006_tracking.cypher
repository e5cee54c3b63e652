// Refused messages by the sender's id, so that those of one message are found together when it is tried again.

CREATE INDEX rejected_message IF NOT EXISTS FOR (r:Rejected) ON (r.messageId);
