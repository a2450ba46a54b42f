"""Who a request says it comes from: RequestAuthentications as Envoy's filter for JSON Web Tokens."""
