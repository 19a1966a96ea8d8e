// Command hello is a small program in the place of the product, for the tests of the images: it
// imports almost nothing, so that building it for another architecture compiles only the runtime.
package main

import "github.com/ponder-mesh/ponder/internal/serve"

func main() { println("hello", serve.Version()) }
