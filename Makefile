# What people and CI call. Each target installs what it misses, says so, and starts within seconds the second time.
.DEFAULT_GOAL := help
.PHONY: help demo up down logs images test faults bench lint format lock clean-machine
SETUP := docker/setup
PYTHON_IN := .venv/bin/python

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

demo: venv ## the whole way of a job on this machine, in a minute; KEEP=1 leaves it running
	@$(PYTHON_IN) -m router.demo $(if $(KEEP),--keep)

up: ## start broker, embedded Core and router (ROUTER_NAME=, CORE_PORT=, ROUTER_PORT=)
	@$(SETUP)/stack.sh up

down: ## stop what `make up` started; VOLUMES=1 removes its data
	@$(SETUP)/stack.sh down
	@$(SETUP)/engine.sh down

logs: ## what broker, Core and router print; FOLLOW=1 goes on
	@$(SETUP)/stack.sh logs

images: ## build what changed of the images
	@$(SETUP)/engine.sh up && $(SETUP)/images.sh

test: venv ## unit, contract, integration, end to end, with real parts (ARGS="-k name" for pytest)
	@$(SETUP)/test.sh -m "not fault and not bench" $(ARGS)

faults: venv ## break real parts on purpose
	@$(SETUP)/test.sh -m fault $(ARGS)

bench: venv ## measure and compare; ONLY=router one area
	@$(SETUP)/engine.sh up && $(SETUP)/images.sh
	@$(PYTHON_IN) -m tests.bench $(ONLY); status=$$?; $(SETUP)/engine.sh down; exit $$status

clean-machine: ## `make demo` and `make test` in a bare Debian root: Python and make, nothing else
	@$(SETUP)/clean_machine.sh

lint: venv ## ruff, mypy, import rules
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

format: venv ## let ruff mend what it can
	@.venv/bin/ruff check --fix . || true
	@.venv/bin/ruff format .

lock: ## pin what pyproject.toml names; UPGRADE=1 takes the newest of everything
	@$(SETUP)/lock.sh

.PHONY: venv
venv:
	@$(SETUP)/venv.sh
