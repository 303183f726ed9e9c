# SPDX-License-Identifier: Apache-2.0
# gnuplot -c plots.gp SERIES SVG: how the figures grow, one diagram for each block of SERIES.
set terminal svg size 1000,1500 background "white" font "sans,12" noenhanced
set output ARG2
set datafile missing NaN
set logscale xy
set grid
set key top left
titles = system(sprintf("grep '^\"' '%s' | cut -d'\"' -f2 | sed 's/.*/\"&\"/' | tr '\n' ' '", ARG1))
columns = system(sprintf("awk '/^\"/ {getline; print NF}' '%s' | tr '\n' ' '", ARG1))
set multiplot layout (words(titles) + 1) / 2, 2
do for [block = 0 : words(titles) - 1] {
    set title word(titles, block + 1)
    plot for [column = 2 : word(columns, block + 1) + 0] ARG1 index block using 1:column \
        with linespoints linewidth 2 title columnheader(column)
}
unset multiplot
