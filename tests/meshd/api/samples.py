"""Objects as people write them, for the tests of decoding and validation."""

from __future__ import annotations

from typing import Any

import yaml

from meshd.api import IstioObject, decode
from meshd.api.istio.message import Message
from meshd.api.validate import validate

SAMPLES = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: reviews, namespace: shop, labels: {app: reviews}, generation: 3, managedFields: [{manager: kubectl}]}
spec:
  hosts: [reviews]
  http:
  - name: testers
    match:
    - headers: {end-user: {exact: jason}}
      uri: {prefix: /reviews}
    route:
    - destination: {host: reviews, subset: v2}
    retries: {attempts: 3, perTryTimeout: 500ms, retryOn: "5xx,reset"}
    timeout: 1.5s
  - route:
    - destination: {host: reviews, subset: v1}
      weight: 90
    - destination: {host: reviews, subset: v3, port: {number: 8080}}
      weight: 10
    fault:
      delay: {percentage: {value: 0.1}, fixedDelay: 5s}
status: {conditions: [{type: Ready}]}
---
apiVersion: networking.istio.io/v1beta1
kind: DestinationRule
metadata: {name: reviews, namespace: shop}
spec:
  host: reviews
  trafficPolicy:
    loadBalancer: {simple: LEAST_REQUEST}
    connectionPool:
      tcp: {maxConnections: 100, connectTimeout: 30ms}
      http: {http1MaxPendingRequests: 1, http2MaxRequests: 1000}
    outlierDetection: {consecutive5xxErrors: 7, interval: 5m, baseEjectionTime: 15m}
    tls: {mode: ISTIO_MUTUAL}
  subsets:
  - {name: v1, labels: {version: v1}}
  - {name: v2, labels: {version: v2}, trafficPolicy: {loadBalancer: {simple: ROUND_ROBIN}}}
---
apiVersion: networking.istio.io/v1alpha3
kind: Gateway
metadata: {name: shop, namespace: shop}
spec:
  selector: {istio: ingressgateway}
  servers:
  - port: {number: 80, name: http, protocol: HTTP}
    hosts: ["shop.example.com", "*.shop.example.com"]
    tls: {httpsRedirect: true}
  - port: {number: 443, name: https, protocol: HTTPS}
    hosts: ["shop/shop.example.com"]
    tls: {mode: MUTUAL, credentialName: shop-cert, minProtocolVersion: TLSV1_2}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec:
  selector: {matchLabels: {app: reviews}}
  mtls: {mode: STRICT}
  portLevelMtls: {8080: {mode: DISABLE}}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: reviews, namespace: shop}
spec:
  action: DENY
  selector: {matchLabels: {app: reviews}}
  rules:
  - from: [{source: {principals: [cluster.local/ns/shop/sa/front], namespaces: [shop]}}]
    to: [{operation: {methods: [GET], paths: ["/reviews/*"], hosts: [reviews.shop], ports: ["8080"]}}]
    when: [{key: "request.headers[x-team]", values: [a, "b*"]}]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: payments, namespace: shop}
spec:
  hosts: [payments.example.com]
  ports: [{number: 443, name: tls, protocol: TLS}]
  location: MESH_EXTERNAL
  resolution: STATIC
  endpoints: [{address: 192.0.2.7, ports: {tls: 8443}, labels: {zone: a}}]
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: {name: vm, namespace: shop}
spec: {address: 192.0.2.9, serviceAccount: vm, weight: 5}
---
apiVersion: networking.istio.io/v1
kind: WorkloadGroup
metadata: {name: vms, namespace: shop}
spec:
  metadata: {labels: {app: vm}}
  template: {serviceAccount: vm}
  probe: {initialDelaySeconds: 5, httpGet: {path: /ready, port: 8080}}
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop}
spec:
  egress: [{hosts: ["./*", "istio-system/*"]}]
  outboundTrafficPolicy: {mode: REGISTRY_ONLY}
---
apiVersion: networking.istio.io/v1beta1
kind: ProxyConfig
metadata: {name: default, namespace: shop}
spec: {concurrency: 0, environmentVariables: {A: b}, image: {imageType: distroless}}
---
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: login, namespace: shop}
spec:
  jwtRules: [{issuer: "https://login.example.com", jwksUri: "https://login.example.com/keys", fromParams: [token]}]
---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: default, namespace: shop}
spec:
  tracing: [{randomSamplingPercentage: 12.5, customTags: {env: {literal: {value: test}}}}]
  metrics: [{overrides: [{match: {metric: REQUEST_COUNT, mode: CLIENT}, disabled: true}]}]
"""


def documents() -> list[dict[str, Any]]:
    """Every sample as a mapping."""
    return list(yaml.safe_load_all(SAMPLES))


def object_of(kind: str, spec: str, name: str = "reviews", namespace: str = "shop") -> IstioObject[Message]:
    """An object with a spec in YAML, in the kind's preferred version."""
    api_version = next(d["apiVersion"] for d in documents() if d["kind"] == kind)
    metadata = {"name": name, "namespace": namespace}
    return decode({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": yaml.safe_load(spec)})


def errors(kind: str, spec: str, name: str = "reviews") -> list[str]:
    """Why an object with this spec is refused."""
    return [str(problem) for problem in validate(object_of(kind, spec, name)).errors]


def warnings(kind: str, spec: str) -> list[str]:
    """What the author of an object with this spec is warned of."""
    return [str(problem) for problem in validate(object_of(kind, spec)).warnings]
