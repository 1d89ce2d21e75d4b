// Functions that are made for several processors, of which the loader takes the one that runs.
#pragma once

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__SANITIZE_ADDRESS__)
#define GOSSAMER_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define GOSSAMER_CLONES
#endif
