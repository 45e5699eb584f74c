#pragma once

namespace alkali::app {

/// Makes threads of OpenMP that wait for others sleep after some microseconds instead of turning in circles for milliseconds:
/// on a machine that others use too, they would take the time of the very threads they wait for. GNU's library reads this
/// from the environment when it is loaded, so that the program starts itself once more; where the environment says how to wait,
/// or to use a single thread, nothing is done. Call it first in main.
void let_waiting_threads_sleep(char** arguments);

/// Errors: InputError where OMP_NUM_THREADS asks for more threads than this machine bears.
void check_threads_of_environment();

}  // namespace alkali::app
