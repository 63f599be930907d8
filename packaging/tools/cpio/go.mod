// This module stands in for github.com/cavaliergopher/cpio where nfpm is built;
// packaging/tools/go.mod replaces that by it.
module tailscale-mcp/packaging/tools/cpio

go 1.26.6
