# What `cmake --install` puts where, and the Debian packages of cpack. Three components:
#
#   pullgate    the webhook, its manual page and a systemd unit
#   sync        pullgate-sync and its manual page
#   policyctl   policyctl, kubectl-pullgate (a link to it, and its completion), manual pages, completions, examples, schema
#
# Paths are those of Debian below CMAKE_INSTALL_PREFIX; DESTDIR goes before them.
include(GNUInstallDirs)
find_program(GZIP gzip REQUIRED)
set(packages ${CMAKE_CURRENT_LIST_DIR})
set(shared ${CMAKE_BINARY_DIR}/share)

# ---- made by the programs themselves ------------------------------------------------------------
# output(<file> <command>...): what the command prints, as a file. A cross build runs it by the emulator.
function(output file)
  add_custom_command(OUTPUT ${file}
    COMMAND ${CMAKE_COMMAND} -DOUT=${file} "-DCOMMAND=${ARGN}" -P ${packages}/output.cmake
    DEPENDS policyctl ${packages}/output.cmake VERBATIM)
  set(made ${made} ${file} PARENT_SCOPE)
endfunction()
set(policyctl ${CMAKE_CROSSCOMPILING_EMULATOR} $<TARGET_FILE:policyctl>)
output(${shared}/policyctl.bash ${policyctl} completion bash)
output(${shared}/policyctl.zsh ${policyctl} completion zsh)
output(${shared}/policyctl.fish ${policyctl} completion fish)
output(${shared}/policy.schema.json ${policyctl} lint --schema)
foreach(page ${manuals})
  get_filename_component(name ${page} NAME)
  add_custom_command(OUTPUT ${shared}/${name}.gz
    COMMAND ${CMAKE_COMMAND} -DOUT=${shared}/${name}.gz "-DCOMMAND=${GZIP};-9;-n;-c;${page}" -P ${packages}/output.cmake
    DEPENDS ${page} ${packages}/output.cmake VERBATIM)
  list(APPEND made ${shared}/${name}.gz)
endforeach()
add_custom_target(share ALL DEPENDS ${made})

# ---- where it goes ------------------------------------------------------------------------------
install(TARGETS pullgate RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT pullgate)
install(FILES ${shared}/pullgate.8.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man8 COMPONENT pullgate)
# The prefix is known when it is installed, cpack's is another.
install(CODE "set(BINDIR \${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR})
  configure_file(${packages}/pullgate.service.in ${shared}/pullgate.service @ONLY)" COMPONENT pullgate)
install(FILES ${shared}/pullgate.service DESTINATION lib/systemd/system COMPONENT pullgate)
install(FILES ${packages}/sysusers.conf DESTINATION lib/sysusers.d RENAME pullgate.conf COMPONENT pullgate)

install(TARGETS pullgate-sync RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT sync)
install(FILES ${shared}/pullgate-sync.8.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man8 COMPONENT sync)

install(TARGETS policyctl RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT policyctl)
file(MAKE_DIRECTORY ${shared})
file(CREATE_LINK policyctl ${shared}/kubectl-pullgate SYMBOLIC)
install(FILES ${shared}/kubectl-pullgate DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT policyctl)
install(PROGRAMS ${packages}/kubectl_complete-pullgate DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT policyctl)
install(FILES ${shared}/policyctl.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT policyctl)
install(FILES ${shared}/pullgate-policy.5.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT policyctl)
install(FILES ${shared}/policyctl.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME policyctl
  COMPONENT policyctl)
install(FILES ${shared}/policyctl.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions RENAME _policyctl
  COMPONENT policyctl)
install(FILES ${shared}/policyctl.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d COMPONENT policyctl)
install(FILES ${shared}/policy.schema.json DESTINATION ${CMAKE_INSTALL_DATADIR}/pullgate COMPONENT policyctl)
install(DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}/policies/examples/ DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/policyctl/examples
  COMPONENT policyctl)

# ---- cpack --------------------------------------------------------------------------------------
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME pullgate)
set(CPACK_PACKAGE_VENDOR pullgate)
set(CPACK_PACKAGE_CONTACT "the maintainers of pullgate <maintainers@pullgate.invalid>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL pullgate sync policyctl)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PULLGATE_PACKAGE_NAME pullgate)
set(CPACK_DEBIAN_SYNC_PACKAGE_NAME pullgate-sync)
set(CPACK_DEBIAN_POLICYCTL_PACKAGE_NAME policyctl)
# Not linked (policies/registry/load.c), so that shlibdeps does not find it.
set(CPACK_DEBIAN_POLICYCTL_PACKAGE_DEPENDS "libcurl4 (>= 7.85)")
set(CPACK_DEBIAN_PULLGATE_PACKAGE_SUGGESTS policyctl)
set(CPACK_COMPONENT_PULLGATE_DESCRIPTION "admission webhook for the images of Kubernetes pods
 Rewrites images to the configured registry, adds the pull secrets that they
 need, and refuses images of registries that are not approved.")
set(CPACK_COMPONENT_SYNC_DESCRIPTION "copies of pull secrets in the namespaces of Kubernetes that need them
 Follows Secrets that a rule file names or that are annotated, and keeps their
 copies as the namespaces need them.")
set(CPACK_COMPONENT_POLICYCTL_DESCRIPTION "offline twin of the pullgate admission webhook
 Tests manifests against a rule file, rewrites them, lints and explains rule
 files, and makes certificates. It also works as a kubectl plugin.")
set(CPACK_DEBIAN_PULLGATE_PACKAGE_CONTROL_EXTRA ${packages}/postinst)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL aarch64)
  set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE arm64)
endif()
include(CPack)
