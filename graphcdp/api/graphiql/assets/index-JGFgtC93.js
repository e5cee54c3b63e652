import{a as e}from"./rolldown-runtime-BWaJ3C7D.js";import{a as t,d as n,h as r,i,l as a,m as o,n as s,r as c,t as l,u}from"./packages-C-4N35qa.js";function d(e){return new Worker(`/graphiql/assets/editor.worker-DEFT_Yb2.js`,{type:`module`,name:e?.name})}function f(e){return new Worker(`/graphiql/assets/json.worker-ky6CAS4V.js`,{type:`module`,name:e?.name})}function p(e){return new Worker(`/graphiql/assets/graphql.worker-CnQW6F4w.js`,{type:`module`,name:e?.name})}self.MonacoEnvironment={getWorker(e,t){switch(t){case`graphql`:return new p;case`json`:return new f;default:return new d}}};var m=e(o(),1),h=t(),g=[`# One person, with all that was recorded.
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
`,`# Words; the last may be a beginning.
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
`,`# Why two devices are one customer: the chain of evidence between them.
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
`,`# How this customer came to be: merges, splits and refused evidence.
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
`,`# Run it, then ask for the customer it names.
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
`],_=`# Ctrl-Space suggests, Ctrl-Enter runs. On the left names are explained, and operations put together by clicking.
# With API keys, under Headers put {"Authorization": "Bearer gcdp_..."}
`;u();var v=new URL(window.location.pathname,window.location.origin).href,y=v.replace(/^http/,`ws`),b=a({url:v}),x=(e,t)=>(t?.documentAST&&n(t.documentAST,e.operationName))?.operation===`subscription`?S(e,t?.headers):b(e,t);function S(e,t){let n=!1,r=l({url:y,connectionParams:t,on:{connected:()=>{n=!0}},shouldRetry:()=>n}).iterate(e);return{[Symbol.asyncIterator](){return this},next:()=>r.next().catch(e=>Promise.reject(C(e))),return:()=>r.return?.()??Promise.resolve({done:!0,value:void 0})}}function C(e){return e instanceof CloseEvent?{message:`The server closed the subscription: ${e.code} ${e.reason}`.trimEnd()}:e instanceof Event?{message:`No connection to ${y}; the server may not offer subscriptions.`}:e}var w=r(),T=i(),E=[T,c],D=g.map(e=>({query:e})),O=k()?{visiblePlugin:T}:{};function k(){try{return window.localStorage.getItem(`graphiql:tabState`)===null}catch{return!0}}var A=document.getElementById(`graphiql`);if(A===null)throw Error(`index.html has no element with the id graphiql; build the page again.`);(0,h.createRoot)(A).render((0,w.jsx)(m.StrictMode,{children:(0,w.jsx)(s,{fetcher:x,plugins:E,defaultTabs:D,defaultQuery:_,...O,children:(0,w.jsx)(s.Logo,{children:`GraphCDP`})})}));