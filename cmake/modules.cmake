# Link = permission. One target per module; the layer table below is the only place that says who may use whom.
# An arrow that is not here cannot be written: the include path of a module holds only what it may see.
set(PASOKH_MAY_USE_base)
set(PASOKH_MAY_USE_floor base)
set(PASOKH_MAY_USE_office base)
set(PASOKH_MAY_USE_sip base)
set(PASOKH_MAY_USE_media base)
set(PASOKH_MAY_USE_storage base floor office)            # implements ports that the inner side owns
set(PASOKH_MAY_USE_archive base media)                   # recordings: capture -> finished file
set(PASOKH_MAY_USE_switchboard base floor sip media storage)
set(PASOKH_MAY_USE_api base office floor storage switchboard archive)
set(PASOKH_MAY_USE_simulate base floor office sip media storage switchboard)  # sip: the simulated phones use its digest arithmetic only
set(PASOKH_MAY_USE_app base floor office sip media storage archive switchboard api simulate)

# pasokh_module(NAME [LIBRARIES external…]): sources are every .cpp in the folder.
# Sources include with the module's name in front ("sip/message.h"); each module sees only its own headers and those of
# the modules in its row, through a tree of links in the build folder.
function(pasokh_module name)
  cmake_parse_arguments(ARG "" "" "LIBRARIES" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(view ${CMAKE_BINARY_DIR}/include/${name})
  file(MAKE_DIRECTORY ${view})
  file(CREATE_LINK ${CMAKE_CURRENT_SOURCE_DIR} ${view}/${name} SYMBOLIC)
  if(sources)
    add_library(pasokh_${name} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(pasokh_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(pasokh_${name} ${scope} ${view})
  foreach(used ${PASOKH_MAY_USE_${name}})
    target_link_libraries(pasokh_${name} ${scope} pasokh_${used})
  endforeach()
  if(ARG_LIBRARIES)
    target_link_libraries(pasokh_${name} ${scope} ${ARG_LIBRARIES})
  endif()
endfunction()
