//go:build tools

package tools

// The definitions of Gateway API (config/crd), of which nothing is built.
import _ "sigs.k8s.io/gateway-api/apis/v1"
