"""The build step: a build context from what the steps before left, an image from the context, and its proof."""

from __future__ import annotations

import time

from jupyter_prodkit.build.context import fill_context, tar_stream
from jupyter_prodkit.build.engine import Engine, Image, connect
from jupyter_prodkit.build.image_build import Recipe, build_image
from jupyter_prodkit.build.plan import BuildOptions, BuildPlan, plan_build
from jupyter_prodkit.build.proof import NotServedError, Proof, prove
from jupyter_prodkit.files import staged_folder
from jupyter_prodkit.notebook.document import Notebook
from jupyter_prodkit.progress import Progress
from jupyter_prodkit.release import ReleaseRecord
from jupyter_prodkit.step import Fact, Result, Step

__all__ = ["BUILD", "BuildOptions", "BuildPlan", "run_build", "stale_build"]

_BUILD_SHARE = 0.85
"""The share of the step's time that is the engine's; the rest is the proof."""

_DONE_AGAIN = {
    "lock": "the lock was made again since",
    "export": "the package was exported again since",
    "push": "the model was pushed again since",
}


def run_build(plan: BuildPlan, progress: Progress) -> Result:
    """Write the build context, build the image, prove it with the golden rows, and only then give it its tag.

    Raises BuildError, MissingDependencyError or CancelledError. The context stays usable all the same, once it is
    written, and the tag stands for what it stood for before.
    """
    began = time.monotonic()
    progress.stage("Write the build context", 0.0)
    with staged_folder(plan.project.image) as folder:
        fill_context(folder, plan.tree)
    engine = connect(f"The build context is complete all the same: {plan.by_hand}")
    context = tar_stream(plan.project.image)
    recipe = Recipe(context, plan.arguments, no_cache=plan.no_cache)
    digest = build_image(engine, recipe, progress, share=_BUILD_SHARE)
    try:
        progress.stage("Prove it with the golden rows", _BUILD_SHARE)
        proof = _proof(engine, digest, plan, progress)
        engine.tag(digest, plan.tag)
    except BaseException:
        engine.forget(digest)
        raise
    return _result(plan, engine.image(digest), proof, time.monotonic() - began)


def stale_build(record: ReleaseRecord, notebook: Notebook) -> str | None:
    """Return why the image is not that of the page and the steps as they are now, or None."""
    built = record.steps.get("build")
    if built is None:
        return None
    if built.notebook_digest != notebook.code_digest:
        return "the code has changed since"
    later = (name for name in _DONE_AGAIN if name in record.steps and record.steps[name].done_at > built.done_at)
    return next((_DONE_AGAIN[name] for name in later), None)


def _proof(engine: Engine, digest: str, plan: BuildPlan, progress: Progress) -> Proof | NotServedError:
    """Return the proof, or why there can be none: a model for GPUs, on an engine that has none."""
    gpus = plan.uses_gpus and engine.gives_gpus()
    try:
        return prove(engine, digest, plan.golden, progress, gpus=gpus)
    except NotServedError as error:
        if plan.uses_gpus and not gpus:
            return error
        raise


def _result(plan: BuildPlan, image: Image, proof: Proof | NotServedError, seconds: float) -> Result:
    proved = isinstance(proof, Proof)
    size = f"{image.size / 1e6:,.0f} MB"
    return Result(
        summary=f"Built {plan.tag} ({size}) {'and proved it ' if proved else ''}in {seconds:.1f} s.",
        facts=(
            Fact("Image", plan.tag),
            Fact("Digest", image.digest),
            Fact("Size", size),
            Fact("Base", f"{plan.base.image}: {plan.base.why}"),
            Fact("Golden rows", str(proof) if proved else "not asked"),
        ),
        warnings=() if proved else (f"Not proved, as this engine gives no GPUs. {proof}",),
        recorded={
            "image": plan.tag,
            "image_digest": image.digest,
            "base": plan.base.image,
            "size_bytes": image.size,
            "golden": str(proof) if proved else None,
        },
    )


BUILD = Step(
    name="build",
    title="Build",
    summary="Builds an image that serves the pushed model, and proves it with the golden rows.",
    options=BuildOptions,
    plan=plan_build,
    run=run_build,
    stale=stale_build,
    needs_kernel=False,
)
