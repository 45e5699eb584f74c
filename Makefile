# Thin: every step is a script or a CMake preset that also runs by hand.
.DEFAULT_GOAL := build
.PHONY: dependencies build test slow-test reproduce sanitize clean

JOBS ?= $(shell nproc)
# Warnings are errors where CI runs; a user's other compiler may warn without breaking the build.
CONFIGURE = cmake --preset release $(if $(CI),-DALKALI_WARNINGS_AS_ERRORS=ON)

dependencies:
	@tools/install-dependencies

build: dependencies
	@$(CONFIGURE) -Wno-dev --log-level=WARNING
	@cmake --build --preset release --target alkali -j $(JOBS)

test: dependencies
	@$(CONFIGURE) -Wno-dev --log-level=WARNING
	@cmake --build --preset release -j $(JOBS)
	@OMP_WAIT_POLICY=passive ctest --preset release -j $(JOBS)

# Long checks that `make test` leaves out.
slow-test: test
	@OMP_WAIT_POLICY=passive ctest --test-dir build/release -L slow --output-on-failure

# The test suite under AddressSanitizer and UndefinedBehaviorSanitizer.
sanitize: dependencies
	@cmake --preset asan-ubsan -Wno-dev --log-level=WARNING
	@cmake --build --preset asan-ubsan -j $(JOBS)
	@OMP_WAIT_POLICY=passive ctest --preset asan-ubsan -j $(JOBS)

reproduce: build
	@tools/reproduce

clean:
	rm -rf build out
