//go:build tools

// Package tools names the program that the test cluster builds from this module's pinned dependencies.
package tools

import _ "go.etcd.io/etcd/server/v3"
