// Sends one message of each type by @segment/analytics-node; prints what it says of them as one JSON object.
// Usage: node track.mjs HOST WRITE_KEY
import { Analytics } from "@segment/analytics-node";

const [host, writeKey] = process.argv.slice(2);
const analytics = new Analytics({ host, writeKey, flushAt: 4, flushInterval: 200 });
const statuses = [];
const errors = [];
analytics.on("http_response", ({ status }) => statuses.push(status));
analytics.on("error", (error) => errors.push(String(error.reason ?? error.code)));

const who = { userId: "u-node", anonymousId: "a-node" };
const timestamp = new Date("2026-01-02T03:04:05.678Z");
analytics.identify({ ...who, traits: { email: "node@example.com", plan: "gold" } });
analytics.track({ ...who, event: "Order Completed", properties: { total: 12.5 }, timestamp });
analytics.page({ ...who, name: "Home", properties: { path: "/" } });
analytics.screen({ ...who, name: "Cart" });
analytics.group({ ...who, groupId: "g1", traits: { name: "Team" } });
analytics.alias({ userId: "u-node", previousId: "a-before" });
await analytics.closeAndFlush({ timeout: 20_000 });
console.log(JSON.stringify({ statuses, errors }));
