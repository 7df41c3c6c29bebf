PYTHON ?= python3
BIN := .venv/bin
SANDBOX := $(BIN)/python -m sandbox
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: up preview rollback new-stack down test test-all lint docs lock bench

up: .venv/sandbox-ready
	@$(SANDBOX) exec -- pulumi up --stack local --yes
	@$(SANDBOX) exec -- python -m sandbox.tour local

preview: .venv/sandbox-ready
	@$(SANDBOX) exec -- pulumi preview --diff --stack local

rollback: .venv/sandbox-ready
	@test -n "$(STACK)" -a -n "$(TO)" || \
	  { echo "usage: make rollback STACK=local TO=COMMIT; git log Pulumi.local.yaml lists them"; exit 2; }
	@git diff --quiet HEAD -- Pulumi.$(STACK).yaml || \
	  { echo "Pulumi.$(STACK).yaml has changes that are in no commit: commit or restore them first"; exit 1; }
	@git restore --source=$(TO) -- Pulumi.$(STACK).yaml
	@$(SANDBOX) exec -- pulumi up --diff --stack $(STACK) $(FLAGS) || \
	  { git restore -- Pulumi.$(STACK).yaml; echo "Pulumi.$(STACK).yaml is as before"; exit 1; }

# Secrets are typed, or piped in as lines KEY=VALUE; SECRETS_PROVIDER is Pulumi's.
new-stack: .venv/sandbox-ready
	@test -n "$(NAME)" -a -n "$(FROM)" || \
	  { echo "usage: make new-stack NAME=review FROM=dev"; exit 2; }
	@$(BIN)/python -m tools.new_stack "--name=$(NAME)" "--from=$(FROM)" \
	  "--secrets-provider=$(SECRETS_PROVIDER)"

down: .venv/sandbox-ready
	@$(SANDBOX) exec -- pulumi destroy --stack local --yes
	@$(SANDBOX) down

test: .venv/dev-ready
	@$(SANDBOX) tools
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadscope tests/unit tests/integration/life

test-all: .venv/dev-ready
	@$(SANDBOX) tools --kubernetes 1.35.4
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadscope

lint: .venv/dev-ready
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .
	@$(BIN)/lint-imports --no-logo

docs: .venv/dev-ready
	@$(BIN)/python -m docs.generate

# The versions locked so far are kept where they suit; FLAGS=--upgrade takes the newest.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version=3.11 --generate-hashes

lock: .venv/dev-ready
	@$(LOCK) $(FLAGS) --constraints=sandbox/requirements.in \
	  --output-file=requirements.txt requirements.in
	@$(LOCK) $(FLAGS) --constraints=requirements.txt \
	  --output-file=sandbox/requirements.txt sandbox/requirements.in
	@$(LOCK) $(FLAGS) --constraints=requirements.txt --constraints=sandbox/requirements.txt \
	  --output-file=requirements-dev.txt requirements-dev.in
	@$(LOCK) $(FLAGS) --output-file=sandbox/images/requirements.txt sandbox/images/requirements.in

bench: .venv/dev-ready
	@$(BIN)/python -m tests.bench

.venv/sandbox-ready: requirements.txt sandbox/requirements.txt
	@$(PYTHON) -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or newer with venv is needed: install python3 and python3-venv"; exit 1; }
	@echo "Python packages: installing into .venv"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet $(addprefix -r ,$^)
	@touch $@

.venv/dev-ready: requirements-dev.txt .venv/sandbox-ready
	@$(BIN)/pip install --quiet -r $<
	@touch $@
