/** What a newcomer finds in the tabs of a first visit. Ids are those of the demo data. */

const oneCustomer = `# One person, with all that was recorded.
# With API keys, under Headers put
# {"Authorization": "Bearer gcdp_..."}
query OneCustomer {
  customer(by: { userId: "hh-1146" }) {
    id
    displayName
    identifiers(first: 20) {
      nodes {
        kind
        value
        firstSeenAt
        lastSeenAt
      }
    }
    devices(first: 10) {
      nodes {
        deviceId
        firstSeenAt
        lastSeenAt
      }
    }
    traits {
      json
    }
    segments(first: 10) {
      nodes {
        key
        name
      }
    }
    events(first: 5) {
      nodes {
        name
        at
        properties {
          json
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
`;

const findCustomers = `# Words; the last may be a beginning.
query FindCustomers {
  customers(search: "hh-10", first: 10) {
    nodes {
      id
      displayName
    }
    totalCount {
      value
      precision
    }
  }
}
`;

const whyOne = `# Why two devices are one customer: the chain of evidence between them.
query WhyOne {
  explainIdentity(
    from: { deviceId: "8204259d12be21761364" }
    to: { deviceId: "2827065b53e05971436f" }
  ) {
    connected
    summary
    path {
      from {
        kind
        value
      }
      to {
        kind
        value
      }
      count
      source
      firstSeenAt
      lastSeenAt
    }
    blockedBy
  }
}
`;

const identityHistory = `# How this customer came to be: merges, splits and refused evidence.
query IdentityHistory {
  customer(by: { userId: "hh-1146" }) {
    identityHistory(first: 10) {
      nodes {
        __typename
        at
        cause
        messageId
        ... on Merge {
          absorbedId
          undoneAt
          evidence {
            from {
              value
            }
            to {
              value
            }
          }
        }
        ... on CustomerSplit {
          partId
          identifierCount
        }
        ... on IdentityConflict {
          code
          status
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
}
`;

const recordEvent = `# Run it, then ask for the customer it names.
mutation RecordEvent {
  recordEvent(
    input: {
      name: "Page Viewed"
      identifiers: [{ anonymousId: "visitor-1" }]
      properties: { path: "/" }
    }
  ) {
    eventId
    status
    warnings {
      code
      message
      path
    }
    errors {
      code
      message
      path
    }
    event {
      customer {
        id
      }
    }
  }
}
`;

export const exampleOperations: readonly string[] = [oneCustomer, findCustomers, whyOne, identityHistory, recordEvent];

export const newTabText = `# Ctrl-Space suggests, Ctrl-Enter runs. On the left names are explained, and operations put together by clicking.
# With API keys, under Headers put {"Authorization": "Bearer gcdp_..."}
`;
