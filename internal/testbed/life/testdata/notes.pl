#!/usr/bin/perl
# SPDX-License-Identifier: MIT
#
# The least of an MCP server, for hosts that have no other language than Debian's own: one
# tool, which says who asks, what this process was told in confidence, and as whom it runs.
use strict;
use warnings;

$| = 1;
while (my $line = <STDIN>) {
	my ($id) = $line =~ /"id":(\d+)/ or next;
	my ($method) = $line =~ /"method":"([^"]*)"/;
	my $answer = qq("error":{"code":-32601,"message":"unknown"});
	if ($method eq 'initialize') {
		$answer = qq("result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"notes","version":"1"}});
	} elsif ($method eq 'tools/list') {
		$answer = qq("result":{"tools":[{"name":"read_note","description":"Reads a note.","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true}}]});
	} elsif ($method eq 'tools/call') {
		my ($login) = $line =~ /"login":"([^"]*)"/;
		$answer = sprintf qq("result":{"content":[{"type":"text","text":"a note for %s%s by %d"}]}), $login // 'nobody', $ENV{NOTE} // '', $<;
	}
	print qq({"jsonrpc":"2.0","id":$id,$answer}\n);
}
