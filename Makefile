# Thin: every step is a script or a CMake preset that also runs by hand.
.DEFAULT_GOAL := build
.PHONY: dependencies test-dependencies build test slow-test reproduce sanitize clean

JOBS ?= $(shell nproc)
# Warnings are errors where CI runs; a user's other compiler may warn without breaking the build.
CONFIGURE = cmake --preset $(1) -Wno-dev --log-level=WARNING $(if $(CI),-DALKALI_WARNINGS_AS_ERRORS=ON)
# Tests of several programs at once share the cores: waiting threads must not spin.
CTEST = OMP_WAIT_POLICY=passive ctest

dependencies:
	@tools/install-dependencies

test-dependencies:
	@tools/install-dependencies --tests

build: dependencies
	@$(call CONFIGURE,release)
	@cmake --build --preset release --target alkali -j $(JOBS)

test: test-dependencies
	@$(call CONFIGURE,release)
	@cmake --build --preset release -j $(JOBS)
	@$(CTEST) --preset release -j $(JOBS)

# Long checks that `make test` leaves out.
slow-test: test
	@$(CTEST) --test-dir build/release -L slow --output-on-failure

# The test suite under AddressSanitizer and UndefinedBehaviorSanitizer.
sanitize: test-dependencies
	@$(call CONFIGURE,asan-ubsan)
	@cmake --build --preset asan-ubsan -j $(JOBS)
	@$(CTEST) --preset asan-ubsan -j $(JOBS)

reproduce: build
	@tools/reproduce

clean:
	rm -rf build out
