# Puts the option lists that a program prints from its tables into a manual page.
#   cmake -DTEMPLATE=.. -DMARK=@OPTIONS@ -DPROGRAM=.. -DARGS=".." -DOUT=.. -P make.cmake
separate_arguments(ARGS UNIX_COMMAND "${ARGS}")
execute_process(COMMAND ${PROGRAM} ${ARGS} OUTPUT_VARIABLE list COMMAND_ERROR_IS_FATAL ANY)
string(REGEX REPLACE "\n$" "" list "${list}")
file(READ ${TEMPLATE} page)
string(TIMESTAMP date "%B %d, %Y" UTC) # of SOURCE_DATE_EPOCH where that is set
string(REPLACE "@DATE@" "${date}" page "${page}")
string(REPLACE "${MARK}" "${list}" page "${page}")
file(WRITE ${OUT} "${page}")
