# For amd64 on a Debian of another architecture.
set(triplet x86_64-linux-gnu)
include(${CMAKE_CURRENT_LIST_DIR}/cross.cmake)
