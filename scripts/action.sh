#!/usr/bin/env bash
# The command of action.yml. Every input is an environment variable, so that none is executed.
set -euo pipefail

result() {
  if [ -n "${GITHUB_OUTPUT:-}" ]; then echo "result=$1" >> "$GITHUB_OUTPUT"; fi
}

not_run() {
  echo "::error title=effect-sent contract::$1"
  result not-run
  exit 2
}

flags=(--reporter github --fail-on "$FAIL_ON")
if [ -n "$OUTPUT" ]; then flags+=(--junit "$OUTPUT"); fi
files=()

case "$COMMAND" in
  lint)
    if [ -n "$CONFIG" ]; then flags+=(--config "$CONFIG"); fi
    if [ -n "$RULES" ]; then flags+=(--rules "$RULES"); fi
    if [ -n "$CONTRACT" ]; then files+=("$CONTRACT"); fi
    ;;
  diff)
    old=${OLD:-$BASE_REF}
    if [ -z "$old" ]; then not_run "diff needs the input old: outside of a pull request, there is no base branch"; fi
    files+=("$old")
    if [ -n "$CONTRACT" ]; then files+=("$CONTRACT"); fi
    ;;
  verify | coverage)
    if [ -n "$TARGET" ]; then
      flags+=(--target "$TARGET")
    elif [ "$COMMAND" = verify ]; then
      not_run "verify needs the input target"
    fi
    flags+=(--runs "$RUNS" --seed "$SEED" --timeout "$TIMEOUT")
    if [ -n "$CONTRACT" ]; then flags+=(--contract "$CONTRACT"); fi
    if [ -n "$ALLOW_SEND" ]; then flags+=(--allow-send "$ALLOW_SEND"); fi
    if [ "$LIVE" = true ]; then flags+=(--live); fi
    # Which credentials another contract needs, the command finds out: v3 needs the key alone.
    if [ -n "$CONTRACT" ] && [ -n "${SENT_API_KEY:-}" ] && [ -z "${SENT_SENDER_ID:-}" ]; then
      unset SENT_SENDER_ID
    elif [ -z "${SENT_SENDER_ID:-}" ] || [ -z "${SENT_API_KEY:-}" ]; then
      # A secret that is not there is an empty variable.
      unset SENT_SENDER_ID SENT_API_KEY
      is_local=false
      if [[ -z "$TARGET" || "$TARGET" =~ ^https?://(localhost|127\.[0-9.]+|\[::1\])(:|/|$) ]]; then is_local=true; fi
      if [ "$WITHOUT_CREDENTIALS" = skip ] && { [ "$is_local" = false ] || [ "$LIVE" = true ]; }; then
        message="skipped: SENT_SENDER_ID or SENT_API_KEY is empty, so nothing was tested; pull requests of forks have no secrets"
        echo "::warning title=effect-sent contract::$message"
        if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then echo "### ⏭️ $COMMAND: $message" >> "$GITHUB_STEP_SUMMARY"; fi
        result skipped
        exit 0
      fi
    fi
    if [ -z "${SENT_WEBHOOK_SECRET:-}" ]; then unset SENT_WEBHOOK_SECRET; fi
    ;;
  *)
    not_run "there is no command $COMMAND: verify, lint, diff or coverage"
    ;;
esac

code=0
node --conditions=@effect-sent/source "$ACTION_PATH/packages/contract-tools/src/bin.ts" \
  "$COMMAND" "${flags[@]}" -- ${files[@]+"${files[@]}"} || code=$?
case $code in
  0) result passed ;;
  1) result failed ;;
  *) result not-run ;;
esac
exit "$code"
