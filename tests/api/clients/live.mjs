// Asks a server by the reference clients of graphql-ws and graphql-sse, both modes; prints what they got as one JSON object.
// Usage: node live.mjs URL TOKEN JOB
import { createClient as createSocket } from "graphql-ws";
import { createClient as createStream } from "graphql-sse";

const [url, token, job] = process.argv.slice(2);
const headers = { authorization: `Bearer ${token}` };
const follow = { query: "subscription($id: ID!) { jobChanged(id: $id) { status done } }", variables: { id: job } };

const closes = [];
const makers = {
  socket: (given) =>
    createSocket({
      url: url.replace("http", "ws"),
      connectionParams: given,
      retryAttempts: 0,
      on: { closed: (event) => closes.push(event.code) },
    }),
  stream: (given) => createStream({ url, headers: given, retryAttempts: 0 }),
  // The client writes its token into the headers that it was given.
  single: (given) => createStream({ url, headers: { ...given }, retryAttempts: 0, singleConnection: true }),
};

function results(client, request) {
  return new Promise((resolve) => {
    const found = [];
    client.subscribe(request, {
      next: (result) => found.push(result),
      error: (error) => resolve({ found, error: Array.isArray(error) ? error : String(error?.message ?? error?.code) }),
      complete: () => resolve({ found, error: null }),
    });
  });
}

async function firstOf(client, request) {
  for await (const result of client.iterate(request)) return result;
}

const told = {};
for (const [name, make] of Object.entries(makers)) {
  const client = make(headers);
  // One is stopped while the other goes on.
  const [first, followed] = await Promise.all([firstOf(client, follow), results(client, follow)]);
  told[name] = {
    query: await results(client, { query: "{ __typename }" }),
    invalid: await results(client, { query: "{ nothing }" }),
    first,
    follow: followed,
    together: await Promise.all([1, 2, 3].map(() => results(client, { query: "{ __typename }" }))),
  };
  await client.dispose();
  const stranger = make({ authorization: "Bearer gcdp_nothing" });
  told[name].stranger = await results(stranger, { query: "{ __typename }" });
  await stranger.dispose();
}
console.log(JSON.stringify({ ...told, closes }));
process.exit(0);
