// What CRI-O pulls, by a registries.conf: each line of standard input is an image with its host; each line of
// output the image, and the reference that is pulled first, or "denied".
package main

import (
	"bufio"
	"fmt"
	"log"
	"os"

	"go.podman.io/image/v5/docker/reference"
	"go.podman.io/image/v5/pkg/sysregistriesv2"
	"go.podman.io/image/v5/types"
)

func pulled(conf, image string) (string, error) {
	ctx := &types.SystemContext{SystemRegistriesConfPath: conf, SystemRegistriesConfDirPath: "/nonexistent"}
	named, err := reference.ParseNamed(image)
	if err != nil {
		return "", err
	}
	registry, err := sysregistriesv2.FindRegistry(ctx, named.String())
	if err != nil || registry == nil {
		return image, err
	}
	if registry.Blocked {
		return "denied", nil
	}
	sources, err := registry.PullSourcesFromReference(named)
	if err != nil {
		return "", err
	}
	return sources[0].Reference.String(), nil
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		to, err := pulled(os.Args[1], lines.Text())
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(lines.Text(), to)
	}
}
