// Follows the feed by the reference clients of graphql-ws and graphql-sse, both modes; each leaves after some changes and
// goes on from its cursor. Prints the numbers that each saw as one JSON object.
// Usage: node changes.mjs URL TOKEN CURSOR COUNT
import { createClient as createSocket } from "graphql-ws";
import { createClient as createStream } from "graphql-sse";

const [url, token, start, count] = process.argv.slice(2);
const headers = { authorization: `Bearer ${token}` };
const query =
  "subscription($after: String) { changes(after: $after) { cursor nodes { sequence kind customer { displayName } } } }";

const makers = {
  socket: () => createSocket({ url: url.replace("http", "ws"), connectionParams: headers, retryAttempts: 0 }),
  stream: () => createStream({ url, headers, retryAttempts: 0 }),
  single: () => createStream({ url, headers: { ...headers }, retryAttempts: 0, singleConnection: true }),
};

async function followed(make) {
  const seen = [];
  const customers = new Set();
  let after = start;
  let times = 0;
  while (seen.length < Number(count)) {
    const client = make();
    const until = seen.length + 10;
    times += 1;
    for await (const { data, errors } of client.iterate({ query, variables: { after } })) {
      if (errors) throw new Error(JSON.stringify(errors));
      for (const change of data.changes.nodes) {
        seen.push(Number(change.sequence));
        customers.add(change.customer.displayName);
      }
      after = data.changes.cursor;
      if (seen.length >= until || seen.length >= Number(count)) break;
    }
    await client.dispose();
  }
  return { seen, times, customers: [...customers] };
}

const told = await Promise.all(Object.values(makers).map(followed));
console.log(JSON.stringify(Object.fromEntries(Object.keys(makers).map((name, place) => [name, told[place]]))));
process.exit(0);
