// Memory that calls share.
#ifdef __linux__
#include <sys/mman.h>
#endif

#include <cstdlib>
#include <memory>
#include <new>

#include "kernels.hpp"

namespace gossamer {

void* scratch(size_t bytes) {
    constexpr size_t page = size_t(2) << 20, keep = size_t(512) << 20;
    struct Free {
        void operator()(void* p) const { std::free(p); }
    };
    thread_local std::unique_ptr<void, Free> memory;
    thread_local size_t size = 0;
    if (bytes > size || size > keep) {
        memory.reset();
        size = 0;
        const size_t rounded = (bytes / page + 1) * page;
        memory.reset(std::aligned_alloc(page, rounded));
        if (!memory) throw std::bad_alloc();
#ifdef __linux__
        madvise(memory.get(), rounded, MADV_HUGEPAGE);
#endif
        size = rounded;
    }
    return memory.get();
}

void in_large_pages(uintptr_t address, int64_t bytes) {
#ifdef __linux__
    constexpr uintptr_t page = uintptr_t(2) << 20;
    const uintptr_t first = (address + page - 1) / page * page, last = (address + uintptr_t(bytes)) / page * page;
    if (address && last > first && last - first >= 8 * page)
        madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
#else
    (void)address, (void)bytes;
#endif
}

}  // namespace gossamer
