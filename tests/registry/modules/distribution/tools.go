//go:build tools

// Package tools names the command that tools.sh builds, so that go mod tidy keeps what it needs.
package tools

import _ "github.com/distribution/distribution/v3/cmd/registry"
