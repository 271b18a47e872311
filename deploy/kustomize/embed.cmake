# Embeds the base manifests in one C constant for policyctl render, so that there is only one copy of them.
#   cmake -DOUT=FILE.c -DFILES=a.yaml,b.yaml -P embed.cmake
string(REPLACE "," ";" files "${FILES}")
set(all "")
foreach(file IN LISTS files)
  file(READ ${file} bytes HEX)
  string(APPEND all "2d2d2d0a${bytes}") # ---
endforeach()
string(REGEX REPLACE "(................................)" "\\1\n" all "${all}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," all "${all}")
file(WRITE ${OUT} "#include \"policyctl/render.h\"\n
const unsigned char render_base[] = {\n${all}};
const size_t render_base_bytes = sizeof render_base;\n")
