#!/bin/sh
# Brings the sets of nftables up to date with the portal; to be run every minute, as root.
#
#   PORTAL   where the portal is; http://127.0.0.1:9902 if unset
#   QUERY    who is shut out; min_risk=50 if unset, which spares a single stray contact
#   TOKEN    the portal's token, if it wants one
#
# All of it happens or nothing: when the portal does not answer, what is there stays and times out.
set -eu
feed=$(mktemp)
trap 'rm -f "$feed"' EXIT
curl --fail --silent --show-error --max-time 20 --output "$feed" \
    ${TOKEN:+--header "authorization: Bearer $TOKEN"} \
    "${PORTAL:-http://127.0.0.1:9902}/v1/feed.nft?${QUERY:-min_risk=50}"
nft -f "$feed"
