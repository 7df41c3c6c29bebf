PYTHON ?= python3
BIN := .venv/bin
SANDBOX := $(BIN)/python -m sandbox
# Runs pulumi, after a refresh if an earlier run was killed.
REFRESHED := $(BIN)/python -m tools.refreshed
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Operations at once, also on a small machine: most of them wait. Pulumi's own number is 4 for each core.
export PULUMI_PARALLEL ?= $(shell n=$$((4 * $$(getconf _NPROCESSORS_ONLN))); echo $$((n > 16 ? n : 16)))

# Commands for the sandbox's stacks, `local` and `e2e`, run in the sandbox's environment. Commands for other
# stacks run in the current environment, with a private folder for temporary files.
SANDBOXED := $(filter local e2e,$(STACK) $(STACKS))
PRIVATE := $(BIN)/python -m tools.private_tmp
IN := $(if $(SANDBOXED),$(SANDBOX) exec --,$(PRIVATE))
READY := .venv/tools-ready $(if $(SANDBOXED),.venv/sandbox-ready)

.PHONY: up preview previews deploy smoke promote promoted rollback refresh schedules drift renew unquoted \
  leftovers new-stack review review-down review-sweep down run run-stop shell logs ps events backup backups restore \
  test test-sandbox test-ci test-all e2e e2e-here lint docs lock bench

up: .venv/sandbox-ready
	@$(SANDBOX) exec -- $(REFRESHED) up --stack local --yes
	@$(SANDBOX) exec -- python -m sandbox.environment.tour local

preview: .venv/sandbox-ready
	@$(SANDBOX) exec -- $(REFRESHED) preview --diff --stack local

# Recipes read the values of the command line from the environment: the shell does not run its contents.

# Previews several stacks, and writes OUT/comment.md for a pull request.
previews: $(READY)
	@test -n "$$STACKS" -a -n "$$OUT" || \
	  { echo 'usage: make previews STACKS="dev staging prod" OUT=FOLDER'; exit 2; }
	@$(IN) $(BIN)/python -m tools.previews "--out=$$OUT" $$STACKS

deploy: $(READY)
	@test -n "$$STACK" || { echo "usage: make deploy STACK=dev"; exit 2; }
	@$(IN) $(BIN)/python -m tools.deploy "--stack=$$STACK" $$FLAGS

smoke: $(READY)
	@test -n "$$STACK" || { echo "usage: make smoke STACK=dev"; exit 2; }
	@$(IN) $(BIN)/python -m tools.smoke "--stack=$$STACK" $$FLAGS

# promote writes the images of FROM, with their digests, to the file of TO. promoted checks that it has them.
promote promoted: .venv/tools-ready
	@test -n "$$FROM" -a -n "$$TO" || { echo "usage: make $@ FROM=staging TO=prod"; exit 2; }
	@$(BIN)/python -m tools.promote $(if $(filter promoted,$@),check,write) \
	  "--from=$$FROM" "--to=$$TO"

rollback: $(READY)
	@test -n "$$STACK" -a -n "$$TO" || \
	  { echo "usage: make rollback STACK=local TO=COMMIT; git log Pulumi.local.yaml lists them"; exit 2; }
	@git diff --quiet HEAD -- "Pulumi.$$STACK.yaml" || \
	  { echo "Pulumi.$$STACK.yaml has uncommitted changes: commit or restore them first"; exit 1; }
	@git restore "--source=$$TO" -- "Pulumi.$$STACK.yaml"
	@$(BIN)/python -m tools.unquoted "$$STACK" && \
	  $(IN) $(REFRESHED) up --diff --stack "$$STACK" $$FLAGS || \
	  { git restore -- "Pulumi.$$STACK.yaml"; echo "Pulumi.$$STACK.yaml was restored"; exit 1; }

refresh: $(READY)
	@test -n "$$STACK" || { echo "usage: make refresh STACK=dev"; exit 2; }
	@$(IN) pulumi refresh --diff --stack "$$STACK" $$FLAGS

# Lists the schedules in the stack's settings, with their next runs.
schedules: .venv/tools-ready
	@test -n "$$STACK" || { echo "usage: make schedules STACK=dev"; exit 2; }
	@$(BIN)/python -m tools.schedules "--stack=$$STACK"

# Finds changes that were made outside of Pulumi, and writes OUT/STACK.md for each stack that has some.
drift: $(READY)
	@test -n "$$STACKS" -a -n "$$OUT" || \
	  { echo 'usage: make drift STACKS="dev staging prod" OUT=FOLDER'; exit 2; }
	@$(IN) $(BIN)/python -m tools.drift "--out=$$OUT" $$STACKS

# Lists what killed runs left behind, with the commands that delete it.
leftovers: $(READY)
	@test -n "$$STACK" || { echo "usage: make leftovers STACK=dev"; exit 2; }
	@$(IN) $(BIN)/python -m tools.leftovers "--stack=$$STACK"

# Renews kubeconfigs that expire soon. Other changes of the settings are not deployed.
renew: $(READY)
	@test -n "$$STACK" || { echo "usage: make renew STACK=dev"; exit 2; }
	@$(IN) $(REFRESHED) up --yes --stack "$$STACK" \
	  --target '**SksKubeconfig::*' --target '**pulumi:providers:kubernetes::*'

# Reads secrets from the terminal, or as lines KEY=VALUE from a pipe. SECRETS_PROVIDER is Pulumi's option.
new-stack: .venv/tools-ready
	@test -n "$$NAME" -a -n "$$FROM" || \
	  { echo "usage: make new-stack NAME=review FROM=dev"; exit 2; }
	@$(BIN)/python -m tools.new_stack "--name=$$NAME" "--from=$$FROM" \
	  "--secrets-provider=$$SECRETS_PROVIDER"

REVIEW := $(PRIVATE) $(BIN)/python -m tools.review

review: .venv/tools-ready
	@test -n "$$PR" || { echo "usage: make review PR=12 [IMAGE=[NAME=]IMAGE] [FROM=dev]"; exit 2; }
	@$(REVIEW) up "--pr=$$PR" "--from=$${FROM:-dev}" "--image=$$IMAGE" "--out=$$OUT"

review-down: .venv/tools-ready
	@test -n "$$PR" || { echo "usage: make review-down PR=12 [FROM=dev]"; exit 2; }
	@$(REVIEW) down "--pr=$$PR" "--from=$${FROM:-dev}"

review-sweep: .venv/tools-ready
	@test -n "$$OPEN" || { echo "usage: make review-sweep OPEN='12 15', or OPEN=none"; exit 2; }
	@$(REVIEW) sweep "--open=$$OPEN" "--from=$${FROM:-dev}"

# Commands for pods. `exec` hands SIGTERM, which make sends to its child, on to the program.
RUN_IN_POD := exec $(IN) $(BIN)/python -m tools.pods.run

run: $(READY)
	@test -n "$$STACK" && test -n "$$APP" && test -n "$$CMD" || \
	  { echo 'usage: make run STACK=dev APP=shop CMD="shop migrate" [DETACH=1]'; exit 2; }
	@$(RUN_IN_POD) "--stack=$$STACK" "--app=$$APP" "--command=$$CMD" $(if $(DETACH),--detach)

shell: $(READY)
	@test -n "$$STACK" && test -n "$$APP" || \
	  { echo 'usage: make shell STACK=dev APP=shop [CMD=bash]'; exit 2; }
	@$(RUN_IN_POD) "--stack=$$STACK" "--app=$$APP" "--command=$${CMD:-/bin/sh}"

run-stop: $(READY)
	@test -n "$$STACK" && test -n "$$APP" && test -n "$$RUN" || \
	  { echo 'usage: make run-stop STACK=dev APP=shop RUN=shop-run-1a2b3c'; exit 2; }
	@exec $(IN) $(BIN)/python -m tools.pods.run_stop "--stack=$$STACK" "--app=$$APP" "--run=$$RUN"

logs: $(READY)
	@test -n "$$STACK" && test -n "$$APP" || \
	  { echo 'usage: make logs STACK=dev APP=shop [SINCE=1h] [FOLLOW=1] [WORKER=mail] [RUN=NAME]'; exit 2; }
	@exec $(IN) $(BIN)/python -m tools.pods.logs "--stack=$$STACK" "--app=$$APP" "--since=$$SINCE" \
	  "--worker=$$WORKER" "--run=$$RUN" $(if $(FOLLOW),--follow)

ps: $(READY)
	@test -n "$$STACK" || { echo 'usage: make ps STACK=dev [APP=shop]'; exit 2; }
	@exec $(IN) $(BIN)/python -m tools.pods.ps "--stack=$$STACK" "--app=$$APP"

events: $(READY)
	@test -n "$$STACK" || { echo 'usage: make events STACK=dev [APP=shop]'; exit 2; }
	@exec $(IN) $(BIN)/python -m tools.pods.events "--stack=$$STACK" "--app=$$APP"

# Makes a snapshot of each persistent volume, and deletes the oldest ones.
backup: $(READY)
	@test -n "$$STACK" || { echo 'usage: make backup STACK=dev [APP=shop] [KEEP=7]'; exit 2; }
	@exec $(IN) $(BIN)/python -m tools.backups.backup "--stack=$$STACK" "--app=$$APP" "--keep=$${KEEP:-7}"

backups: $(READY)
	@test -n "$$STACK" || { echo 'usage: make backups STACK=dev [APP=shop]'; exit 2; }
	@exec $(IN) $(BIN)/python -m tools.backups.listed "--stack=$$STACK" "--app=$$APP"

# Makes a new volume of a backup, and prints the settings that use it.
restore: $(READY)
	@test -n "$$STACK" && test -n "$$BACKUP" || \
	  { echo 'usage: make restore STACK=dev BACKUP=NAME, a name that make backups shows'; exit 2; }
	@exec $(IN) $(BIN)/python -m tools.backups.restore "--stack=$$STACK" "--backup=$$BACKUP"

down: .venv/sandbox-ready
	@$(SANDBOX) exec -- $(REFRESHED) destroy --stack local --yes
	@$(SANDBOX) down

PYTEST := $(BIN)/python -m pytest --numprocesses 2 --dist loadscope

# A stack's first up, changes and removal, of the tests of its life.
LIFE := $(addprefix tests/program/integration/life/,test_1_first_up.py test_2_changes.py test_5_removal.py)

# Tests of the program.
test: .venv/dev-ready
	@$(SANDBOX) tools
	@$(PYTEST) tests/program/unit tests/processes $(LIFE)

# Tests of the sandbox. PLUGINS is a folder of provider plugins. Default: the sandbox's own.
test-sandbox: .venv/dev-ready
	@$(SANDBOX) tools --acme --snapshots --kubernetes 1.35.4
	@$(PYTEST) $${PLUGINS:+"--plugins=$$PLUGINS"} tests/sandbox

# What CI runs: all tests except the slow ones and those of `make e2e`.
test-ci: .venv/dev-ready
	@$(SANDBOX) tools --acme --snapshots --kubernetes 1.35.4
	@$(PYTEST) -m "not slow"

# All tests except those of `make e2e`. TESTS is a list of files. Default: all.
test-all: .venv/dev-ready
	@$(SANDBOX) tools --acme --snapshots --kubernetes 1.35.4
	@$(PYTEST) $${PLUGINS:+"--plugins=$$PLUGINS"} $$TESTS

# Tests with nodes that run containers, and with a browser. TESTS is a list of files. Default: all. With SKIP=1,
# it succeeds without tests on an unsupported machine.
e2e:
	@if test "$$(uname)" = Linux -a "$$(id -u)" = 0 -a -x /usr/bin/apt-get; \
	then $(MAKE) --no-print-directory e2e-here; \
	else \
	  echo "make e2e requires root on Debian or a derivative: its nodes run containers"; \
	  exit $(if $(SKIP),0,2); \
	fi

# Installs missing packages. It keeps equivalents from other packages, such as Docker's containerd.
e2e-here: .venv/dev-ready
	@packages=$$($(BIN)/python -m tests.e2e.packages) || exit; test -z "$$packages" || \
	  { apt-get update --quiet --quiet && \
	  apt-get install --yes --quiet --quiet --no-install-recommends $$packages; }
	@$(BIN)/python -m pytest $${TESTS:-tests/e2e}

# Finds numbers without quotes that must be text, and that YAML changes: 0022, +41791234567.
unquoted: .venv/tools-ready
	@$(BIN)/python -m tools.unquoted $$STACKS

lint: .venv/dev-ready
	@$(BIN)/python -m tools.unquoted
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .
	@$(BIN)/lint-imports --no-logo
	@PATH="$(BIN):$$PATH" actionlint
	@$(BIN)/zizmor --offline --persona pedantic -qq .github
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.gitlab-ci .gitlab-ci.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.renovate renovate.json

docs: .venv/dev-ready
	@$(BIN)/python -m tools.documents.generate

# Keeps the locked versions if possible. FLAGS=--upgrade upgrades to the newest ones.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version=3.11 --generate-hashes

lock: .venv/dev-ready
	@$(LOCK) $$FLAGS --constraints=sandbox/requirements.in \
	  --output-file=requirements.txt requirements.in
	@$(LOCK) $$FLAGS --constraints=requirements.txt \
	  --output-file=sandbox/requirements.txt sandbox/requirements.in
	@$(LOCK) $$FLAGS --constraints=requirements.txt --constraints=sandbox/requirements.txt \
	  --output-file=tools/requirements.txt tools/requirements.in
	@$(LOCK) $$FLAGS $(addprefix --constraints=,requirements.txt sandbox/requirements.txt) \
	  --constraints=tools/requirements.txt --output-file=requirements-dev.txt requirements-dev.in
	@$(LOCK) $$FLAGS --output-file=sandbox/images/requirements.txt sandbox/images/requirements.in

bench: .venv/dev-ready
	@$(BIN)/python -m tests.bench

.venv/sandbox-ready: requirements.txt sandbox/requirements.txt
.venv/tools-ready: requirements.txt tools/requirements.txt
.venv/sandbox-ready .venv/tools-ready:
	@$(PYTHON) -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or later with venv is required: install python3 and python3-venv"; exit 1; }
	@echo "Installing Python packages into .venv"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet $(addprefix -r ,$^)
	@touch $@

.venv/dev-ready: requirements-dev.txt .venv/sandbox-ready .venv/tools-ready
	@$(BIN)/pip install --quiet -r $<
	@touch $@
