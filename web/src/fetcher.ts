import { createGraphiQLFetcher, type Fetcher, type FetcherParams } from "@graphiql/toolkit";
import { type ExecutionResult, getOperationAST } from "graphql";
import { createClient } from "graphql-ws";

type Headers = Record<string, unknown> | undefined;
type Results = AsyncIterableIterator<ExecutionResult<Record<string, unknown>, Record<string, unknown>>>;

/** The page and the API share one address, wherever a proxy has put it. */
const address = new URL(window.location.pathname, window.location.origin).href;
const socketAddress = address.replace(/^http/, "ws");

const post = createGraphiQLFetcher({ url: address });

/** Queries and mutations by POST, subscriptions by the graphql-transport-ws protocol. */
export const fetcher: Fetcher = (operation, options) => {
  const named = options?.documentAST && getOperationAST(options.documentAST, operation.operationName);
  return named?.operation === "subscription"
    ? subscribe(operation, options?.headers)
    : post(operation, options);
};

/**
 * Open a socket for one subscription; it closes with it.
 *
 * A browser sets no headers on a socket, so those of the headers pane travel
 * as connection parameters.
 */
function subscribe(operation: FetcherParams, headers: Headers): Results {
  let wasConnected = false;
  const client = createClient({
    url: socketAddress,
    connectionParams: headers,
    on: {
      connected: () => {
        wasConnected = true;
      },
    },
    // A lost connection is worth another try; a server without sockets should say so at once.
    shouldRetry: () => wasConnected,
  });
  const results = client.iterate(operation) as Results;
  // Not a generator: its return() would wait for the next result, and so would the stop button.
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => results.next().catch((failure: unknown) => Promise.reject(readable(failure))),
    return: () => results.return?.() ?? Promise.resolve({ done: true, value: undefined }),
  };
}

/** A browser's socket events say nothing when shown as JSON, and an Error would show its stack. */
function readable(failure: unknown): unknown {
  if (failure instanceof CloseEvent) {
    return { message: `The server closed the subscription: ${failure.code} ${failure.reason}`.trimEnd() };
  }
  if (failure instanceof Event) {
    return { message: `No connection to ${socketAddress}; the server may not offer subscriptions.` };
  }
  return failure;
}
