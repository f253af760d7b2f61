"""Talk to the bot as a person does: type, press, pick and fill in; read what comes back as text."""

from __future__ import annotations

from dataclasses import replace

from bot.model import Choice, Document, Picker, Post, Reply, Request
from bot.ports import Answerer


class Chat:
    """One person at one place. `reply` is the last answer, for what a text does not show."""

    def __init__(
        self,
        desk: Answerer,
        *,
        adapter: str = "rig",
        address: str = "channel-1",
        space: str = "club",
        user: str = "7",
        name: str = "anna",
        locale: str | None = "en",
        may_manage: bool = True,
        is_private: bool = False,
        private_address: str = "dm:7",
    ) -> None:
        self.desk = desk
        self.request = Request(
            adapter=adapter,
            address=address,
            space=space,
            user=user,
            user_name=name,
            locale=locale,
            may_manage=may_manage,
            is_private=is_private,
            private_address=private_address,
            place_title="#news",
            line="",
        )
        self.reply = Reply()

    async def say(self, line: str, *, document: str = "", reply_to: str | None = None) -> str:
        """Type a line."""
        file = Document(name="settings.json", text=document) if document else None
        return await self._ask(replace(self.request, line=line, document=file, message_id=reply_to))

    async def command(self, line: str, **options: str) -> str:
        """Use a command with structured options, as Discord sends them."""
        return await self._ask(replace(self.request, line=line, options=options))

    async def press(self, label: str) -> str:
        """Press the button whose label has these words."""
        return await self._ask(replace(self.request, line=self.button(label).line, is_button=True))

    async def pick(self, *labels: str) -> str:
        """Choose in the picker that has these options, and send it off."""
        picker = self._picker(labels)
        values = [next(o.line for o in picker.options if label in o.label) for label in labels]
        assert picker.least <= len(values) <= picker.most
        return await self._ask(replace(self.request, line=" ".join([picker.line, *values]), is_button=True))

    async def fill(self, text: str) -> str:
        """Answer the form that was just shown."""
        assert self.reply.form is not None
        return await self._ask(replace(self.request, line=f"{self.reply.form.line} {text}", is_button=True))

    def button(self, label: str) -> Choice:
        """The button whose label has these words."""
        choices = [*self.reply.choices, *(choice for post in self.reply.posts for choice in post.choices)]
        found = [choice for choice in choices if label in choice.label]
        assert found, f"no button {label!r} among {[choice.label for choice in choices]}"
        return found[0]

    def labels(self) -> list[str]:
        """What can be pressed."""
        return [choice.label for choice in self.reply.choices]

    def _picker(self, labels: tuple[str, ...]) -> Picker:
        for picker in self.reply.pickers:
            if all(any(label in option.label for option in picker.options) for label in labels):
                return picker
        raise AssertionError(f"no picker with {labels}")

    async def _ask(self, request: Request) -> str:
        self.reply = await self.desk(request)
        return written(self.reply)


def written(reply: Reply) -> str:
    """Everything of an answer that a person may read without tapping on a cover."""
    parts = [reply.text, *(clear(post) for post in reply.posts)]
    parts += [f"[{choice.label}]" for choice in reply.choices]
    for picker in reply.pickers:
        parts.append(
            f"{picker.prompt}: " + " ".join(f"<{o.label}{' ✓' if o.chosen else ''}>" for o in picker.options)
        )
    if reply.form is not None:
        parts += [reply.form.title, reply.form.prompt, reply.form.value]
    return "\n".join(filter(None, parts))


def clear(post: Post) -> str:
    """What a post shows before anybody taps on its cover."""
    if post.covered:
        return " · ".join(filter(None, (post.badge, post.label, post.safe_title, post.image_text)))
    lines = [
        post.badge,
        post.label,
        post.title,
        post.summary,
        post.outlet,
        *post.notes,
        *(a.text for a in post.also),
    ]
    for section in post.sections:
        lines.append(section.heading)
        lines += [
            f"{line.note}" if line.covered else f"{line.text} {line.url} {line.note}"
            for line in section.lines
        ]
    return "\n".join(filter(None, lines))
