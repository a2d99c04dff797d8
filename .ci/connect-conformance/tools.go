//go:build tools

// Package tools names the programs that .ci/run builds, so that go.mod and go.sum pin them and what they are made of.
package tools

import (
	_ "connectrpc.com/conformance/cmd/connectconformance"
	_ "connectrpc.com/conformance/cmd/referenceserver"
)
