//go:build tools

package tools

// Test vectors, of which nothing is built.
import _ "github.com/c2sp/wycheproof"
