# Cross-compiles on Debian for `triplet`, which the toolchain file that includes this sets: crossbuild-essential-ARCH, and
# the -dev packages of CMakeLists.txt as NAME:ARCH (dpkg --add-architecture ARCH).
set(CMAKE_SYSTEM_NAME Linux)
string(REGEX REPLACE "-.*" "" CMAKE_SYSTEM_PROCESSOR ${triplet})
set(CMAKE_C_COMPILER ${triplet}-gcc)
set(CMAKE_STRIP ${triplet}-strip)
set(CMAKE_OBJDUMP ${triplet}-objdump)
set(CMAKE_LIBRARY_ARCHITECTURE ${triplet})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
# Programs of the build (manual pages) and its tests run by qemu-user.
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-${CMAKE_SYSTEM_PROCESSOR})
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/${triplet}/pkgconfig:/usr/share/pkgconfig)
