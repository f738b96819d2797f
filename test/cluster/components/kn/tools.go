//go:build tools

// Package tools names the program that the tests build from this module's pinned dependencies.
package tools

import _ "knative.dev/client/cmd/kn"
