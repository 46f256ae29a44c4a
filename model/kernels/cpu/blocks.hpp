// Cuts rows into even blocks, each handled by a function of its own size.
#pragma once
#include <type_traits>

namespace {

template <int R, class Block>
void sized(int rows, int first, Block block) {
    if constexpr (R > 1)
        if (rows < R) return sized<R - 1>(rows, first, block);
    block(std::integral_constant<int, R>{}, first);
}

// block(size, first row) for rows in as few blocks of up to Most as there can be, none much smaller than another: a
// block of one or two rows would wait for each sum before it can add the next product.
template <int Most, class Block>
void even_blocks(int rows, Block block) {
    for (int first = 0, left = (rows + Most - 1) / Most; left; --left) {
        const int size = (rows - first + left - 1) / left;
        sized<Most>(size, first, block);
        first += size;
    }
}

} // namespace
