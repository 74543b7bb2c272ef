"""Ways to reach people: one file each. A new one is a file here, a line in SHIPPED and a line in the contract suite."""

SHIPPED = {
    "smtp": "notifier.channels.smtp:Smtp",
    "twilio": "notifier.channels.twilio:Twilio",
    "twilio-voice": "notifier.channels.twilio_voice:TwilioVoice",
    "wecom": "notifier.channels.wecom:WeCom",
    "dingtalk": "notifier.channels.dingtalk:DingTalk",
    "feishu": "notifier.channels.feishu:Feishu",
    "apprise": "notifier.channels.apprise:Apprise",
    "webhook": "notifier.channels.webhook:Webhook",
    "maildir": "notifier.channels.maildir:Maildir",
    "console": "notifier.channels.console:Console",
}
