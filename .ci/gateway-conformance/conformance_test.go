// The official suite, which `go test -c` makes a program of; its flags are those of its package utils/flags.
package conformance_test

import (
	"testing"

	"sigs.k8s.io/gateway-api/conformance"
)

func TestConformance(t *testing.T) { conformance.RunConformance(t) }
