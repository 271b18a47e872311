# Cross-compiles for arm64 on Debian: crossbuild-essential-arm64, and the -dev packages of CMakeLists.txt as
# NAME:arm64 (dpkg --add-architecture arm64). Programs of the build run by qemu-user.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(triplet aarch64-linux-gnu)
set(CMAKE_C_COMPILER ${triplet}-gcc)
set(CMAKE_STRIP ${triplet}-strip)
set(CMAKE_OBJDUMP ${triplet}-objdump)
set(CMAKE_LIBRARY_ARCHITECTURE ${triplet})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64)
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/${triplet}/pkgconfig:/usr/share/pkgconfig)
