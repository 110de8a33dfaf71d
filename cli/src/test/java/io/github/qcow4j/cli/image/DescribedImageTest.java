package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.ToolRun;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Images that the user describes piece by piece are those that QEMU takes them for. */
final class DescribedImageTest {

  @TempDir static Path directory;

  @BeforeAll
  static void makeImages() {
    Workbench bench = Workbench.in(directory);
    bench.image("a.qcow2", "", 1 << 20, "write -P 1 0 64k");
    bench.image("it,s.qcow2", "", 1 << 20);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "info --image-opts driver=qcow2,file.filename=@a.qcow2",
        "info --image-opts driver=qcow2,file.driver=file,file.filename=@a.qcow2",
        "info --image-opts file.filename=@a.qcow2",
        "info --image-opts driver=raw,file.filename=@a.qcow2",
        "info --image-opts driver=qcow2,driver=raw,file.filename=@a.qcow2",
        "info --image-opts driver=qcow2,file.filename=@it,,s.qcow2",
        "info --image-opts driver=qcow2,file.filename=@a.qcow2,lazy-refcounts=on,read-only=on",
        "info --image-opts driver=qcow2,file.filename=@a.qcow2,cache.direct=off,discard=unmap",
        "info --image-opts driver=qcow2,file.filename=@a.qcow2,file.locking=off,node-name=n",
        "info --image-opts driver=qcow2,file.filename=@a.qcow2,l2-cache-size=1M,overlap-check=all",
        "map --output=json --image-opts driver=qcow2,file.filename=@a.qcow2",
        "check --image-opts driver=qcow2,file.filename=@a.qcow2",
        "info json:{'driver':'qcow2','file':{'driver':'file','filename':'@a.qcow2'}}",
        "info json:{'driver':'qcow2','file.filename':'@a.qcow2'}",
        "info json:{'file.filename':'@a.qcow2'}",
        "info json:{'driver':'raw','file':{'driver':'file','filename':'@a.qcow2'}}",
        "info json:{'driver':'qcow2','file.filename':'@a.qcow2','lazy-refcounts':true}",
        "info -f qcow2 json:{'driver':'qcow2','file.filename':'@a.qcow2'}",
        "info --output=json json:{'driver':'qcow2','file.filename':'@a.qcow2'}",
        "map json:{'driver':'qcow2','file.filename':'@a.qcow2'}",
        "compare json:{'driver':'qcow2','file.filename':'@a.qcow2'} @a.qcow2",
        "info --object secret,id=a,data=b @a.qcow2",
        "info --object secret,id=a,data=YWI=,format=base64 @a.qcow2",
        "info --object secret,id=a,data=b --object secret,id=c,data=d,,e @a.qcow2",
        "info --object tls-creds-anon,id=a,endpoint=client @a.qcow2",
      })
  void areUnderstoodAsQemuImgUnderstandsThem(String line) {
    List<String> arguments =
        Arrays.stream(line.split(" ", -1)).map(word -> word.replace("@", directory + "/")).toList();
    ToolRun theirs = QemuTools.require().img(arguments);
    OurRun ours = OurRun.asQemuImg(arguments);

    assertThat(theirs.exitCode()).as("%s", theirs).isZero();
    assertThat(ours.stderr()).isEqualTo(theirs.stderr());
    assertThat(ours.stdout()).isEqualTo(theirs.stdout());
    assertThat(ours.exitCode()).isZero();
  }

  @Test
  void keysOfEncryptedImagesAreRefusedByTheirName() {
    OurRun run =
        OurRun.asQemuImg(
            "info",
            "--object",
            "secret,id=s,data=x",
            "--image-opts",
            "driver=qcow2,encrypt.key-secret=s,file.filename=" + directory.resolve("a.qcow2"));

    assertThat(run.stderr())
        .endsWith(
            "Option 'encrypt.key-secret' is not supported: encrypted images cannot be read\n");
    assertThat(run.exitCode()).isEqualTo(1);
  }

  @Test
  void whatAnImageStoresIsNeverTakenForADescription() {
    Path image = Workbench.in(directory).unsafeOverlay("o.qcow2", "json:{}", "raw", 1 << 20);

    assertThat(OurRun.asQemuImg("map", image.toString()).stderr())
        .contains("only plain local files can be backing files");
  }
}
