# Writes what a command prints into a file.
#   cmake -DOUT=FILE "-DCOMMAND=PROGRAM;ARGUMENT..." -P output.cmake
execute_process(COMMAND ${COMMAND} OUTPUT_FILE ${OUT} COMMAND_ERROR_IS_FATAL ANY)
