//go:build tools

// Package tools names the program that .ci/run builds, so that go.mod and go.sum pin it and what it is made of.
package tools

import _ "helm.sh/helm/v3/cmd/helm"
