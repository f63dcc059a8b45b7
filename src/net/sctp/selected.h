#pragma once
// Which association data channels run over: HEARTH_OWN_SCTP of the build says.

#include <hearth/sctp/association.h>
#include <hearth/sctp/usrsctp_association.h>

namespace hearth::sctp {

#if HEARTH_OWN_SCTP
using Selected = Association;
#else
using Selected = UsrsctpAssociation;
#endif

}  // namespace hearth::sctp
